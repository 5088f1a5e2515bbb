// Minutes of film from the visitor's camera, recorded on the page: nothing leaves the browser before it is used.

import { button, make } from "./dom.js";

const COUNTDOWN = 5; // seconds to step back
const BITS_PER_SECOND = 1_500_000;
const KINDS = ["video/mp4;codecs=avc1", "video/webm;codecs=vp9", "video/webm;codecs=vp8", "video/webm"];
const clock = (seconds) => `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`;

/** Opens a dialog; resolves with a film of at most `longest` seconds as a file, or with null where none was made. */
export function record(longest) {
  const video = make("video", { muted: true, playsInline: true, autoplay: true });
  const words = make("p", {
    textContent: `The whole body in the picture, head to foot, light from the front, the camera at rest. Up to ${clock(longest)}.`,
    role: "status",
  });
  const [start, use, cancel] = ["Start recording", "Use it", "Cancel"].map((words) => button(words, null));
  const dialog = make(
    "dialog",
    { className: "studio-recorder", aria: { label: "Record" } },
    make("h2", { textContent: "Record" }),
    video,
    words,
    make("div", { className: "studio-tools" }, start, use, cancel),
  );
  document.body.append(dialog);
  dialog.showModal();
  start.disabled = true;
  use.hidden = true;

  return new Promise((resolve) => {
    /** @type {MediaStream | undefined} */
    let stream;
    /** @type {MediaRecorder | undefined} */
    let recorder;
    /** @type {number | undefined} */
    let timer;
    /** @type {File | null} */
    let film = null;
    const release = () => {
      clearInterval(timer);
      for (const track of stream?.getTracks() ?? []) track.stop();
    };
    dialog.onclose = () => {
      release();
      dialog.remove();
      resolve(dialog.returnValue === "use" ? film : null);
    };
    cancel.onclick = () => dialog.close();
    use.onclick = () => dialog.close("use");

    const finish = () => {
      clearInterval(timer);
      if (recorder?.state === "recording") recorder.stop();
    };
    const begin = (camera) => {
      const mimeType = KINDS.find((kind) => MediaRecorder.isTypeSupported(kind));
      /** @type {Blob[]} */
      const parts = [];
      recorder = new MediaRecorder(camera, { mimeType, videoBitsPerSecond: BITS_PER_SECOND });
      recorder.ondataavailable = ({ data }) => parts.push(data);
      recorder.onstop = () => {
        film = new File(parts, "recording");
        Object.assign(video, { srcObject: null, src: URL.createObjectURL(film), controls: true, autoplay: false });
        words.textContent = `Recorded: ${(film.size / 1e6).toFixed(1)} MB. Look at it, then use it or record again.`;
        start.textContent = "Record again";
        use.hidden = false;
        use.focus();
      };
      recorder.start(1000);
      Object.assign(start, { textContent: "Stop", disabled: false });
      const began = performance.now();
      timer = setInterval(() => {
        const seconds = (performance.now() - began) / 1000;
        words.textContent = `Recording: ${clock(seconds)} of ${clock(longest)}`;
        if (seconds >= longest) finish();
      }, 200);
    };
    start.onclick = () => {
      if (recorder?.state === "recording") {
        finish();
        return;
      }
      clearInterval(timer);
      use.hidden = true;
      Object.assign(video, { srcObject: stream, controls: false, autoplay: true });
      let left = COUNTDOWN;
      const tick = () => {
        words.textContent = `Step back: ${left} …`;
        if (left === 0) {
          clearInterval(timer);
          begin(stream);
        }
        left -= 1;
      };
      start.disabled = true;
      tick();
      timer = setInterval(tick, 1000);
    };

    if (!navigator.mediaDevices) {
      words.textContent =
        "Browsers give a camera only to pages on HTTPS or localhost. Open the studio at such an address, or choose a file.";
      return;
    }
    navigator.mediaDevices.getUserMedia({ video: { width: 640 }, audio: false }).then(
      (given) => {
        stream = given;
        if (!dialog.open) {
          release();
          return;
        }
        stream.getVideoTracks()[0].onended = () => {
          finish();
          words.textContent = "The camera is gone. Plug it in and open this again, or use what was recorded.";
          start.disabled = true;
        };
        video.srcObject = stream;
        start.disabled = false;
        start.focus();
      },
      ({ name }) => {
        words.textContent =
          name === "NotAllowedError"
            ? "The camera was refused. Allow it beside the page's address and open this again, or choose a file."
            : "No camera was found. Plug one in and open this again, or choose a file.";
      },
    );
  });
}
