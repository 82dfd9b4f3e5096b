/** A night by the sea, for a room that has no video yet: drawn once where it stands still, moved slowly where it does not. */

/** Pixels of the picture, whatever the size of the stage. */
const WIDTH = 960;
const HEIGHT = 540;
const HORIZON = 372;

/** Milliseconds between two pictures: this is a background and should cost like one. */
const FRAME = 1000 / 30;

interface Ridge {
  readonly path: Path2D;
  readonly color: string;
  /** Pixels per second. */
  readonly speed: number;
}

export class Scene {
  private readonly context: CanvasRenderingContext2D | null;
  private readonly still: HTMLCanvasElement;
  private readonly ridges: readonly Ridge[];
  private readonly stars = scatter(110, 11);
  private readonly glitter = scatter(70, 23);
  private readonly petals = scatter(26, 37);
  private frame = 0;
  private last = 0;

  constructor(canvas: HTMLCanvasElement) {
    canvas.width = WIDTH;
    canvas.height = HEIGHT;
    this.context = canvas.getContext('2d');
    this.still = drawStill();
    this.ridges = [
      { path: ridge(5, 92, 26), color: '#3a2c5c', speed: 2.5 },
      { path: ridge(17, 58, 20), color: '#281f48', speed: 5 },
      { path: ridge(29, 26, 13), color: '#171434', speed: 9 },
    ];
  }

  start(): void {
    this.stop();
    const next = (now: number) => {
      this.frame = requestAnimationFrame(next);
      if (now - this.last >= FRAME - 4) {
        this.last = now;
        this.draw(now / 1000);
      }
    };
    this.frame = requestAnimationFrame(next);
  }

  stop(): void {
    cancelAnimationFrame(this.frame);
  }

  /** One picture, at a moment in seconds. */
  draw(at: number): void {
    const context = this.context;
    if (context === null) {
      return;
    }
    context.drawImage(this.still, 0, 0);
    this.drawStars(context, at);
    for (const { path, color, speed } of this.ridges) {
      const shift = (at * speed) % WIDTH;
      context.fillStyle = color;
      for (const x of [-shift, WIDTH - shift]) {
        context.setTransform(1, 0, 0, 1, x, 0);
        context.fill(path);
      }
      context.setTransform(1, 0, 0, 1, 0, 0);
    }
    this.drawGlitter(context, at);
    this.drawPetals(context, at);
  }

  private drawStars(context: CanvasRenderingContext2D, at: number): void {
    context.fillStyle = '#dfe6ff';
    for (const { x, y, z } of this.stars) {
      context.globalAlpha = (1 - y) * (0.35 + 0.45 * Math.sin(at * (0.4 + z) + x * 40) ** 2);
      const size = z > 0.85 ? 2 : 1.2;
      context.fillRect(x * WIDTH, y * HORIZON * 0.8, size, size);
    }
    context.globalAlpha = 1;
  }

  private drawGlitter(context: CanvasRenderingContext2D, at: number): void {
    context.fillStyle = '#ffe3d0';
    for (const { x, y, z } of this.glitter) {
      const depth = y * y;
      const spread = 26 + depth * 150;
      const wave = Math.sin(at * (0.7 + z) + x * 60);
      context.globalAlpha = Math.max(0, wave) * 0.34 * (1 - depth * 0.5);
      const length = 8 + depth * 46 * z;
      const left = MOON.x + (x - 0.5) * 2 * spread - length / 2;
      context.fillRect(left, HORIZON + 4 + depth * (HEIGHT - HORIZON), length, 1 + depth * 1.6);
    }
    context.globalAlpha = 1;
  }

  private drawPetals(context: CanvasRenderingContext2D, at: number): void {
    context.fillStyle = '#ffb3cf';
    for (const { x, y, z } of this.petals) {
      const speed = 12 + 22 * z;
      const px = (((x * WIDTH - at * speed * 1.5) % (WIDTH + 40)) + WIDTH + 40) % (WIDTH + 40);
      const py = (y * HEIGHT + at * speed) % (HEIGHT + 20);
      const turn = at * (0.5 + z) + x * 20;
      context.globalAlpha = 0.16 + 0.3 * z;
      context.beginPath();
      const radius = 2 + 3.2 * z;
      const thin = radius * (0.35 + 0.25 * Math.sin(turn * 1.7));
      context.ellipse(px - 20 + 10 * Math.sin(turn), py - 10, radius, thin, turn, 0, Math.PI * 2);
      context.fill();
    }
    context.globalAlpha = 1;
  }
}

const MOON = { x: 690, y: 128, radius: 34 };

function drawStill(): HTMLCanvasElement {
  const canvas = document.createElement('canvas');
  canvas.width = WIDTH;
  canvas.height = HEIGHT;
  const context = canvas.getContext('2d');
  if (context === null) {
    return canvas;
  }

  const sky = context.createLinearGradient(0, 0, 0, HORIZON);
  for (const [at, color] of [[0, '#070a1f'], [0.45, '#1a1a45'], [0.78, '#4a2d66'], [1, '#8d4a72']] as const) {
    sky.addColorStop(at, color);
  }
  context.fillStyle = sky;
  context.fillRect(0, 0, WIDTH, HORIZON);

  const sea = context.createLinearGradient(0, HORIZON, 0, HEIGHT);
  for (const [at, color] of [[0, '#5a3560'], [0.25, '#2b2150'], [1, '#090b1f']] as const) {
    sea.addColorStop(at, color);
  }
  context.fillStyle = sea;
  context.fillRect(0, HORIZON, WIDTH, HEIGHT - HORIZON);

  const glow = context.createRadialGradient(MOON.x, MOON.y, MOON.radius * 0.9, MOON.x, MOON.y, MOON.radius * 7);
  glow.addColorStop(0, 'rgb(255 226 205 / 0.34)');
  glow.addColorStop(0.35, 'rgb(255 190 190 / 0.1)');
  glow.addColorStop(1, 'rgb(255 190 190 / 0)');
  context.fillStyle = glow;
  context.fillRect(0, 0, WIDTH, HORIZON);
  context.fillStyle = '#ffeede';
  context.beginPath();
  context.arc(MOON.x, MOON.y, MOON.radius, 0, Math.PI * 2);
  context.fill();
  return canvas;
}

/** Hills that repeat after the picture's width; whole numbers of waves make the ends meet. */
function ridge(seed: number, height: number, roughness: number): Path2D {
  const path = new Path2D();
  const wave = (x: number, times: number) => Math.sin((x / WIDTH) * Math.PI * 2 * times + seed * times);
  path.moveTo(0, HORIZON);
  for (let x = 0; x <= WIDTH; x += 6) {
    const hill = 0.5 + 0.3 * wave(x, 2) + 0.2 * wave(x, 3);
    path.lineTo(x, HORIZON - Math.max(2, height * hill + roughness * (0.4 * wave(x, 7) + 0.2 * wave(x, 17))));
  }
  path.lineTo(WIDTH, HORIZON);
  path.closePath();
  return path;
}

/** Points that look random and are the same each time (a linear congruential generator, Numerical Recipes). */
function scatter(count: number, seed: number): { readonly x: number; readonly y: number; readonly z: number }[] {
  let state = seed;
  const next = () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32;
  return Array.from({ length: count }, () => ({ x: next(), y: next(), z: next() }));
}
