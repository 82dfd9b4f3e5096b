import { isColor } from '../client/codec';
import { MODES, SIZES } from '../client/messages';
import type { Draft } from '../client/messages';
import { cutText, MAX_TEXT_CHARS, tidyText, usedChars } from '../client/text';
import { isDark } from '../overlay/item';

/** The counter appears when so many characters are left. */
const COUNT_FROM = 20;

export interface ComposerElements {
  readonly form: HTMLFormElement;
  readonly text: HTMLInputElement;
  readonly counter: HTMLElement;
  readonly swatches: HTMLElement;
  readonly color: HTMLInputElement;
  readonly mode: HTMLSelectElement;
  readonly size: HTMLSelectElement;
}

/** The box where a danmaku is written. */
export class Composer {
  constructor(
    private readonly at: ComposerElements,
    private readonly post: (draft: Draft) => void,
  ) {
    at.form.addEventListener('submit', (event) => {
      event.preventDefault();
      this.submit();
    });
    at.text.addEventListener('input', (event) => this.onInput(event instanceof InputEvent && event.isComposing));
    at.text.addEventListener('compositionend', () => this.onInput(false));
    at.color.addEventListener('input', () => this.setColor(at.color.value));
    at.swatches.addEventListener('change', (event) => {
      if (event.target instanceof HTMLInputElement) {
        this.setColor(event.target.value);
      }
    });
    this.setColor(at.color.value);
  }

  /** A refused text goes back into the box, unless something new is being written there. */
  giveBack(text: string): boolean {
    if (this.at.text.value !== '') {
      return this.at.text.value === text;
    }
    this.at.text.value = text;
    this.onInput(false);
    return true;
  }

  private submit(): void {
    const text = tidyText(this.at.text.value);
    if (text === '') {
      return;
    }
    this.at.text.value = '';
    this.onInput(false);
    this.at.text.focus();
    this.post({
      text,
      mode: MODES.find((mode) => mode === this.at.mode.value) ?? 'scroll',
      size: SIZES.find((size) => size === this.at.size.value) ?? 'medium',
      color: this.at.color.value.toLowerCase(),
    });
  }

  /**
   * The limit counts whole characters, `maxlength` would count UTF-16 and cut families in two; and a word must not be cut while it is
   * being spelled. What is taken out of a text anyway takes no place in the box.
   */
  private onInput(composing: boolean): void {
    const written = this.at.text.value;
    if (!composing && cutText(written) !== written) {
      this.at.text.value = cutText(tidyText(written));
    }
    const count = usedChars(this.at.text.value);
    this.at.counter.textContent = count > MAX_TEXT_CHARS - COUNT_FROM ? `${count}/${MAX_TEXT_CHARS}` : '';
    this.at.counter.classList.toggle('full', count >= MAX_TEXT_CHARS);
  }

  private setColor(color: string): void {
    if (!isColor(color)) {
      return;
    }
    this.at.color.value = color;
    this.at.form.style.setProperty('--chosen', color);
    this.at.form.classList.toggle('dark-chosen', isDark(color));
    let known = false;
    for (const swatch of this.at.swatches.querySelectorAll<HTMLInputElement>('input[type=radio]')) {
      swatch.checked = swatch.value === color.toLowerCase();
      known ||= swatch.checked;
    }
    this.at.color.classList.toggle('chosen', !known);
  }
}
