export * from "ogl";
