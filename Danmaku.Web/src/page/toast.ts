import type { Cancel, Clock } from '../client/clock';

const SHOWN_FOR = 5000;

/** One line about something that did not go as hoped. A newer one takes its place. */
export class Toast {
  private cancel: Cancel = () => undefined;

  constructor(
    private readonly line: HTMLElement,
    private readonly clock: Clock,
  ) {}

  show(text: string): void {
    this.cancel();
    this.line.textContent = text;
    this.line.classList.add('shown');
    this.cancel = this.clock.after(SHOWN_FOR, () => this.hide());
  }

  hide(): void {
    this.cancel();
    this.line.classList.remove('shown');
    this.line.textContent = '';
  }
}
