/* Two pictures under one slider, in a component of Streamlit's: `data` is {left, right}, each {caption, src}. */
export default function ({ parentElement, data }) {
  const [under, over] = parentElement.querySelectorAll("img");
  const slider = parentElement.querySelector("input");
  for (const [image, { caption, src }] of [[under, data.right], [over, data.left]]) {
    image.alt = caption;
    if (image.src !== src) image.src = src;
  }
  const cut = () => parentElement.querySelector("div").style.setProperty("--cut", `${slider.value}%`);
  slider.setAttribute("aria-label", `${data.left.caption} left of the line, ${data.right.caption} right of it`);
  slider.oninput = cut;
  cut();
}
