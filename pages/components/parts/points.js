// Many points on a canvas: WebGL, or plain drawing where there is none. Filled dots, or rings.

const VERTEX = `
attribute vec2 place; attribute vec4 colour; attribute float ring;
uniform vec2 scale; uniform vec2 shift; uniform float size;
varying vec4 shade; varying float hollow;
void main() { gl_Position = vec4(place * scale + shift, 0.0, 1.0); gl_PointSize = size; shade = colour; hollow = ring; }`;
const FRAGMENT = `
precision mediump float; varying vec4 shade; varying float hollow;
void main() {
  float r = length(gl_PointCoord - 0.5) * 2.0;
  if (r > 1.0 || (hollow > 0.5 && r < 0.55)) discard;
  gl_FragColor = vec4(shade.rgb * shade.a, shade.a);
}`;

class PointLayer {
  constructor(canvas) {
    this.canvas = canvas;
    this.buffers = [];
    canvas.addEventListener("webglcontextlost", (event) => event.preventDefault());
    canvas.addEventListener("webglcontextrestored", () => {
      this.buffers = [];
      this.start();
      this.upload();
      if (this.view) this.draw(this.view);
    });
    this.start();
  }

  start() {
    const gl = this.canvas.getContext("webgl", { premultipliedAlpha: true, antialias: false });
    if (!gl) return;
    const program = gl.createProgram();
    for (const [kind, source] of [[gl.VERTEX_SHADER, VERTEX], [gl.FRAGMENT_SHADER, FRAGMENT]]) {
      const shader = gl.createShader(kind);
      gl.shaderSource(shader, source);
      gl.compileShader(shader);
      gl.attachShader(program, shader);
    }
    gl.linkProgram(program);
    gl.useProgram(program);
    gl.enable(gl.BLEND);
    gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
    this.gl = gl;
    this.program = program;
  }

  // `shades`: four bytes a point; `rings`: 1 draws a ring, 0 a dot.
  set(x, y, rings, shades) {
    Object.assign(this, { x, y, rings, shades });
    this.upload();
  }

  upload() {
    const gl = this.gl;
    if (!gl || !this.x) return;
    const places = new Float32Array(this.x.length * 2);
    for (let i = 0; i < this.x.length; i += 1) {
      places[2 * i] = this.x[i];
      places[2 * i + 1] = this.y[i];
    }
    for (const buffer of this.buffers) gl.deleteBuffer(buffer);
    this.buffers = [];
    const put = (name, values, size, type, normal) => {
      const place = gl.getAttribLocation(this.program, name);
      const buffer = gl.createBuffer();
      this.buffers.push(buffer);
      gl.bindBuffer(gl.ARRAY_BUFFER, buffer);
      gl.bufferData(gl.ARRAY_BUFFER, values, gl.STATIC_DRAW);
      gl.enableVertexAttribArray(place);
      gl.vertexAttribPointer(place, size, type, normal, 0, 0);
    };
    put("place", places, 2, gl.FLOAT, false);
    put("colour", this.shades, 4, gl.UNSIGNED_BYTE, true);
    put("ring", this.rings, 1, gl.FLOAT, false);
  }

  // `view`: width and height in CSS pixels, `unit` pixels for one unit of data, `centre` in data, `size` of a point.
  draw(view) {
    this.view = view;
    if (this.gl) this.drawFast(view);
    else this.drawPlain(view);
  }

  drawFast({ width, height, unit, centre, size }) {
    const gl = this.gl;
    const scale = [(unit * 2) / width, (unit * 2) / height];
    gl.viewport(0, 0, this.canvas.width, this.canvas.height);
    gl.clearColor(0, 0, 0, 0);
    gl.clear(gl.COLOR_BUFFER_BIT);
    gl.uniform2f(gl.getUniformLocation(this.program, "scale"), scale[0], scale[1]);
    gl.uniform2f(gl.getUniformLocation(this.program, "shift"), -centre[0] * scale[0], -centre[1] * scale[1]);
    gl.uniform1f(gl.getUniformLocation(this.program, "size"), size * (window.devicePixelRatio || 1));
    gl.drawArrays(gl.POINTS, 0, this.x.length);
  }

  drawPlain({ width, height, unit, centre, size }) {
    const flat = this.canvas.getContext("2d");
    const ratio = window.devicePixelRatio || 1;
    flat.setTransform(ratio, 0, 0, ratio, 0, 0);
    flat.clearRect(0, 0, width, height);
    for (let i = 0; i < this.x.length; i += 1) {
      const left = width / 2 + (this.x[i] - centre[0]) * unit - size / 2;
      const top = height / 2 - (this.y[i] - centre[1]) * unit - size / 2;
      const [red, green, blue, alpha] = this.shades.subarray(i * 4, i * 4 + 4);
      flat.fillStyle = flat.strokeStyle = `rgba(${red},${green},${blue},${alpha / 255})`;
      if (this.rings[i]) flat.strokeRect(left, top, size, size);
      else flat.fillRect(left, top, size, size);
    }
  }

  close() {
    this.gl?.getExtension("WEBGL_lose_context")?.loseContext();
  }
}
