import { draw } from "../plate.js";
import { show } from "./drawn.js";

export default (mounted) => show(mounted, draw, mounted.data);
