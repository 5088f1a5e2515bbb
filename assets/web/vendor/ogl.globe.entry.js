// What scene.js and globe.js take of OGL. Made with `npm install ogl@1.0.11 esbuild@0.28.2 && npx esbuild
// ogl.globe.entry.js --bundle --format=esm --minify --outfile=ogl.globe.min.js`.
export { Camera, Geometry, Mat4, Mesh, Program, Quat, Renderer, Texture, Vec3 } from "ogl";
