/** Joins many wishes to re-read into few readings: at most one per interval, never two at once, none forgotten. */

export class RefreshGate<Topic> {
  private readonly wanted = new Set<Topic>();
  private timer: ReturnType<typeof setTimeout> | null = null;
  private running = false;
  private lastStart = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly read: (topics: ReadonlySet<Topic>) => Promise<void>,
    private readonly intervalMs: number,
    private readonly clock: () => number = () => performance.now(),
  ) {}

  /** Ask for a reading of these topics: at once when the last is old enough, else when it will be. */
  request(...topics: Topic[]): void {
    for (const topic of topics) this.wanted.add(topic);
    this.schedule();
  }

  /** Forget what was asked and not begun. */
  cancel(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
    this.wanted.clear();
  }

  private schedule(): void {
    if (this.running || this.timer !== null || this.wanted.size === 0) return;
    const wait = Math.max(0, this.lastStart + this.intervalMs - this.clock());
    this.timer = setTimeout(() => void this.start(), wait);
  }

  private async start(): Promise<void> {
    this.timer = null;
    this.running = true;
    this.lastStart = this.clock();
    const topics = new Set(this.wanted);
    this.wanted.clear();
    try {
      await this.read(topics);
    } finally {
      this.running = false;
      this.schedule();
    }
  }
}
