// What is fetched only once it comes into sight.

const NEAR = "150px";
const waiting = new Map(); // element to what is done once it is seen
const seen = new WeakSet();

const observer = new IntersectionObserver(
  (entries) => {
    for (const { target, isIntersecting } of entries) {
      if (!isIntersecting) continue;
      observer.unobserve(target);
      seen.add(target);
      const act = waiting.get(target);
      waiting.delete(target);
      act?.();
    }
  },
  { rootMargin: NEAR },
);

/** Do it once the element is in sight, at once where it was; of an element not yet seen, only the newest is done. */
export const whenInSight = (element, act) => {
  if (seen.has(element)) {
    act();
    return;
  }
  waiting.set(element, act);
  observer.observe(element);
};

/** Show what an image has in `data-src`, once it is in sight. */
export const showInSight = (images) => {
  for (const image of images)
    whenInSight(image, () => {
      image.src = image.dataset.src;
    });
};
