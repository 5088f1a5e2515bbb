// What globe.js takes of three.js; the whole library is a third larger on its way. Made with
// `npm install three@0.170.0 esbuild@0.28.2 && npx esbuild three.globe.entry.js --bundle --format=esm --minify
// --legal-comments=inline --outfile=three.globe.min.js`.
export {
  AmbientLight, BackSide, BufferAttribute, BufferGeometry, ColorManagement, DataTexture, DirectionalLight, DoubleSide,
  Float32BufferAttribute, FrontSide, Group, LineBasicMaterial, LineSegments, LinearFilter, LinearSRGBColorSpace, Matrix4,
  Mesh, MeshBasicMaterial, MeshLambertMaterial, OrthographicCamera, PerspectiveCamera, Points, PointsMaterial, Quaternion,
  RepeatWrapping, Scene, Texture, Vector3, WebGLRenderer,
} from "three";
