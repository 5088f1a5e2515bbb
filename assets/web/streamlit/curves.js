import { draw } from "../curves.js";
import { show } from "./drawn.js";

export default (mounted) => show(mounted, draw, mounted.data);
