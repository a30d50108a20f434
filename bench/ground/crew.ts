import { setMaxListeners } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { SIDES } from '../../src/domain/side.js';
import { Child } from '../../src/local/demo/child.js';
import type { Contender } from '../contenders/contender.js';
import { cpuOf } from '../measure/proc.js';
import { parseMetrics, type Sample } from '../measure/prometheus.js';
import type { Ground } from './ground.js';

/** A crew is at rest when it has taken less than this part of one core for this long, in ms. */
const REST_PART = 0.12;
const REST_MS = 400;
const REST_WITHIN_MS = 15_000;

let started = 0;

/** The worker processes of one contender, the same number for each side. */
export class Crew {
  readonly contender: Contender;
  /** Aborted with the whole run, and when a worker ends that nobody has asked to: then there is nothing to wait for. */
  readonly signal: AbortSignal;
  readonly #children: readonly Child[];
  readonly #metrics: readonly string[];

  private constructor(
    contender: Contender,
    signal: AbortSignal,
    children: readonly Child[],
    metrics: readonly string[],
  ) {
    this.contender = contender;
    this.signal = signal;
    this.#children = children;
    this.#metrics = metrics;
  }

  /** Resolves once all of them consume. */
  static async start(ground: Ground, contender: Contender, perSide = 1): Promise<Crew> {
    const { instance, folder } = ground;
    const ended = new AbortController();
    const signal = AbortSignal.any([ground.signal, ended.signal]);
    setMaxListeners(0, signal);
    const onUnexpectedEnd = (error: Error): void => ended.abort(error);
    const children = Array.from({ length: perSide }, () => SIDES)
      .flat()
      .map((side) => {
        started += 1;
        const name = `${contender.name}-${side}-${started}`;
        return Child.start({ ...contender.launch(ground, side), name, instance, folder, onUnexpectedEnd });
      });
    try {
      const ready = await Promise.all(children.map((child) => child.ready(signal)));
      return new Crew(
        contender,
        signal,
        children,
        ready.flatMap((line) => contender.metricsOf(line) ?? []),
      );
    } catch (error) {
      await Promise.all(children.map((child) => child.stop()));
      throw error;
    }
  }

  get pids(): readonly number[] {
    return this.#children.map(({ identity }) => identity.pid);
  }

  /** Stops their clocks, so that a backlog can be laid before all of them at once. */
  halt(): void {
    this.#send('SIGSTOP');
  }

  go(): void {
    this.#send('SIGCONT');
  }

  /** All metrics of all of them; empty for a contender that serves none. */
  async scrape(): Promise<readonly Sample[]> {
    const texts = await Promise.all(this.#metrics.map(async (url) => (await fetch(url)).text()));
    return texts.flatMap(parseMetrics);
  }

  /** Resolves once they have nothing left to do, as far as their use of the processors tells. */
  async untilAtRest(): Promise<void> {
    const deadline = performance.now() + REST_WITHIN_MS;
    let before = cpuOf({ crew: this.pids }).crew;
    while (performance.now() < deadline) {
      await pause(REST_MS, undefined, { signal: this.signal });
      const now = cpuOf({ crew: this.pids }).crew;
      if (now - before < REST_MS * REST_PART * this.#children.length) return;
      before = now;
    }
  }

  async stop(): Promise<void> {
    this.go();
    await Promise.all(this.#children.map((child) => child.stop()));
  }

  #send(name: NodeJS.Signals): void {
    for (const pid of this.pids) {
      try {
        process.kill(pid, name);
      } catch (error) {
        // It has ended, which the signal above tells.
        if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
      }
    }
  }
}
