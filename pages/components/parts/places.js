// Finding points: the nearest to a place, and those inside a drawn path. Places lie in the square [-1, 1]².

const CELLS = 200; // of the grid, in each direction

class PlaceGrid {
  constructor(x, y) {
    Object.assign(this, { x, y, starts: new Uint32Array(CELLS * CELLS + 1), members: new Uint32Array(x.length) });
    for (let i = 0; i < x.length; i += 1) this.starts[this.cellOf(x[i], y[i]) + 1] += 1;
    for (let i = 0; i < CELLS * CELLS; i += 1) this.starts[i + 1] += this.starts[i];
    const fill = this.starts.slice();
    for (let i = 0; i < x.length; i += 1) this.members[fill[this.cellOf(x[i], y[i])]++] = i;
  }

  cellOf(x, y) {
    const place = (value) => Math.min(Math.max(Math.floor(((value + 1) / 2) * CELLS), 0), CELLS - 1);
    return place(y) * CELLS + place(x);
  }

  // The point nearest to a place within a reach, or -1.
  nearest(x, y, reach) {
    const step = 2 / CELLS;
    const steps = Math.ceil(reach / step);
    let best = -1;
    let least = reach * reach;
    for (let column = -steps; column <= steps; column += 1) {
      for (let row = -steps; row <= steps; row += 1) {
        const [cx, cy] = [x + column * step, y + row * step];
        if (Math.abs(cx) > 1 + step || Math.abs(cy) > 1 + step) continue;
        const cell = this.cellOf(cx, cy);
        for (let place = this.starts[cell]; place < this.starts[cell + 1]; place += 1) {
          const i = this.members[place];
          const far = (this.x[i] - x) ** 2 + (this.y[i] - y) ** 2;
          if (far < least) [best, least] = [i, far];
        }
      }
    }
    return best;
  }
}

// Even-odd rule.
function isInside(x, y, path) {
  let inside = false;
  for (let i = 0, j = path.length - 1; i < path.length; j = i, i += 1) {
    const [ax, ay] = path[i];
    const [bx, by] = path[j];
    if (ay > y !== by > y && x < ((bx - ax) * (y - ay)) / (by - ay) + ax) inside = !inside;
  }
  return inside;
}
