import { attend } from "../attention.js";
import { show } from "./drawn.js";

export default (mounted) => show(mounted, (stage) => attend(stage), mounted.data);
