import type { Dispatcher } from 'undici';
import { describeFailure } from './failure.js';

/** By lower-case name; a repeated header is a list. */
export type AnswerHeaders = Readonly<Record<string, string | string[] | undefined>>;

export interface ExchangeRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Whole and in memory, so that it is handed to the socket together with the head. */
  readonly body: Uint8Array | string | null;
}

export interface ExchangeRules {
  /** From now until the request is written: waiting for a free connection, name, connect, TLS. In ms. */
  readonly connectTimeoutMs: number;
  /** From the first byte written to the last byte of the answer read. In ms. */
  readonly timeoutMs: number;
  /** Largest body of an answer that is read. */
  readonly answerBytes: number;
  /** Keeps the answer's body. Default false: its bytes are counted only. */
  readonly keepsBody?: boolean;
  readonly signal: AbortSignal;
  /** Asked in the turn of the event loop in which the request is written, with the connection up. */
  maySend(): boolean;
}

/** What became of one request. */
export type Exchange =
  /** No byte of it was handed to a socket. */
  | { readonly kind: 'not-sent'; readonly reason: string }
  /** It was handed to a socket, and no whole answer came. */
  | { readonly kind: 'broken'; readonly reason: string; readonly status?: number; readonly bytes: number }
  /** The answer was read to its end. */
  | {
      readonly kind: 'answered';
      readonly status: number;
      readonly headers: AnswerHeaders;
      readonly bytes: number;
      /** Empty unless it was to be kept. */
      readonly body: Uint8Array;
    };

/**
 * Sends one request, once, and says how far it got; never rejects. The dispatcher must not pipeline, retry or redirect.
 *
 * undici calls `onRequestStart` from the function that writes the request, with the connection up, and returns without
 * writing if the request was aborted there: before it, nothing has been handed to the socket; after it, anything may have
 * been. It may call it again only for a request that it puts back into its queue, which is refused here.
 */
export function exchange(dispatcher: Dispatcher, request: ExchangeRequest, rules: ExchangeRules): Promise<Exchange> {
  return new Promise((resolve) => {
    if (rules.signal.aborted) {
      resolve({ kind: 'not-sent', reason: 'the attempt was called off' });
      return;
    }
    dispatcher.dispatch(
      // The one timer of OneExchange covers what undici's own, coarser ones would.
      { ...request, method: request.method as Dispatcher.HttpMethod, headersTimeout: 0, bodyTimeout: 0 },
      new OneExchange(rules, resolve),
    );
  });
}

class OneExchange implements Dispatcher.DispatchHandler {
  readonly #rules: ExchangeRules;
  readonly #resolve: (exchange: Exchange) => void;
  readonly #onAbort = () => this.#giveUp('the attempt was called off');
  #timer: NodeJS.Timeout;
  #over = false;
  /** Set once undici is about to write; without it no byte has left. */
  #controller: Dispatcher.DispatchController | undefined;
  #status: number | undefined;
  #headers: AnswerHeaders = {};
  #bytes = 0;
  readonly #chunks: Buffer[] = [];

  constructor(rules: ExchangeRules, resolve: (exchange: Exchange) => void) {
    this.#rules = rules;
    this.#resolve = resolve;
    const { connectTimeoutMs } = rules;
    this.#timer = setTimeout(
      () => this.#giveUp(`no connection was up within ${connectTimeoutMs} ms`),
      connectTimeoutMs,
    );
    rules.signal.addEventListener('abort', this.#onAbort, { once: true });
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    if (this.#over || this.#controller !== undefined) {
      controller.abort(new Error('given up before it was written'));
      return;
    }
    if (!this.#rules.maySend()) {
      this.#finish({ kind: 'not-sent', reason: 'the attempt was past its deadline before the request was written' });
      controller.abort(new Error('past the deadline'));
      return;
    }
    this.#controller = controller;
    clearTimeout(this.#timer);
    const { timeoutMs } = this.#rules;
    this.#timer = setTimeout(() => this.#giveUp(`no whole answer came within ${timeoutMs} ms`), timeoutMs);
  }

  onResponseStart(_controller: Dispatcher.DispatchController, status: number, headers: AnswerHeaders): void {
    // 1xx is an interim answer; the one that counts is still to come.
    if (status < 200) return;
    this.#status = status;
    this.#headers = headers;
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#bytes += chunk.byteLength;
    const { answerBytes } = this.#rules;
    if (this.#bytes > answerBytes) this.#giveUp(`the answer was longer than ${answerBytes} bytes`);
    else if (this.#rules.keepsBody === true) this.#chunks.push(chunk);
  }

  onResponseEnd(): void {
    if (this.#status === undefined) return;
    const body = Buffer.concat(this.#chunks);
    this.#finish({ kind: 'answered', status: this.#status, headers: this.#headers, bytes: this.#bytes, body });
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.#finish(this.#broken(describeFailure(error)));
  }

  #giveUp(reason: string): void {
    this.#finish(this.#broken(reason));
    this.#controller?.abort(new Error(reason));
  }

  #broken(reason: string): Exchange {
    if (this.#controller === undefined) return { kind: 'not-sent', reason };
    return {
      kind: 'broken',
      reason,
      bytes: this.#bytes,
      ...(this.#status !== undefined && { status: this.#status }),
    };
  }

  #finish(exchange: Exchange): void {
    if (this.#over) return;
    this.#over = true;
    clearTimeout(this.#timer);
    this.#rules.signal.removeEventListener('abort', this.#onAbort);
    this.#resolve(exchange);
  }
}
