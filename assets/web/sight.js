// What is fetched only once it comes into sight.

const NEAR = "150px";
const STILL = matchMedia("(prefers-reduced-motion: reduce)");
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

/** Show what an image has in `data-src`, once it is in sight, and then what moves, for who has not asked for stillness. */
export const showInSight = (images) => {
  for (const image of images)
    whenInSight(image, () => {
      const { src, living } = image.dataset;
      image.src = src;
      if (!living || STILL.matches) return;
      const moving = new Image();
      moving.onload = () => {
        image.src = STILL.matches ? src : living;
      };
      moving.src = living;
      STILL.addEventListener("change", () => {
        image.src = STILL.matches ? src : living;
      });
    });
};
