// What stands on a page beside our modules: vendor/jspsych.min.js on the experiment's, and on Gradio's its own configuration
// and what it calls of ours.
declare const jsPsychModule: any;
declare const initJsPsych: any;

interface Window {
  gradio_config: any;
  studio: any;
  studioPage: string; // how this page names itself (stream.js)
}
