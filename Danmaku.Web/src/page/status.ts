import type { Cancel, Clock } from '../client/clock';
import type { ConnectionState } from '../client/events';

export interface StatusElements {
  readonly state: HTMLElement;
  readonly stateText: HTMLElement;
  /** What changes too often to be read out. */
  readonly detail: HTMLElement;
  readonly retry: HTMLButtonElement;
  readonly viewers: HTMLElement;
  readonly edge: HTMLElement;
}

/** The bar at the top: is this live, who else is here, who serves it. */
export class Status {
  private cancelTick: Cancel = () => undefined;
  private state: ConnectionState = { kind: 'connecting' };
  private wasLive = false;

  constructor(
    private readonly at: StatusElements,
    private readonly clock: Clock,
  ) {}

  show(state: ConnectionState): void {
    this.state = state;
    this.wasLive ||= state.kind === 'live';
    this.at.stateText.textContent = this.text();
    this.at.detail.textContent = '';
    this.at.state.dataset['state'] = state.kind;
    this.at.retry.hidden = state.kind !== 'waiting';
    this.countDown();
  }

  /** Nothing is connected: this is the past. */
  showReplay(): void {
    this.at.stateText.textContent = 'Replay';
    this.at.state.dataset['state'] = 'replay';
  }

  showLatency(milliseconds: number): void {
    if (this.state.kind === 'live') {
      this.at.detail.textContent = ` · ${Math.max(1, Math.round(milliseconds))} ms`;
    }
  }

  showViewers(count: number): void {
    this.at.viewers.textContent = count.toLocaleString('en');
  }

  showEdge(node: string): void {
    this.at.edge.textContent = node;
  }

  private text(): string {
    switch (this.state.kind) {
      case 'connecting':
        return this.wasLive ? 'Reconnecting…' : 'Connecting…';
      case 'live':
        return 'Live';
      case 'waiting':
        return 'Reconnecting';
      case 'closed':
        return 'Closed';
    }
  }

  private countDown(): void {
    this.cancelTick();
    if (this.state.kind === 'waiting') {
      const left = this.state.until - this.clock.now();
      this.at.detail.textContent = left > 0 ? ` in ${Math.ceil(left / 1000)} s` : '…';
      if (left > 0) {
        this.cancelTick = this.clock.after(left % 1000 || 1000, () => this.countDown());
      }
    }
  }
}
