import { hypergraph } from "../hypergraph.js";
import { show } from "./drawn.js";

export default (mounted) => show(mounted, hypergraph, mounted.data);
