import type { Arrival, Routed, Router } from './router.js';

/** Routes what comes in the same turn of the event loop in one pipeline, whoever brings it. */
export class RouteBatch {
  readonly #router: Pick<Router, 'route'>;
  #open: { readonly arrivals: Arrival[]; readonly verdicts: Promise<Routed[]> } | undefined;

  constructor(router: Pick<Router, 'route'>) {
    this.#router = router;
  }

  async route(arrival: Arrival): Promise<Routed> {
    this.#open ??= this.#begin();
    const { arrivals, verdicts } = this.#open;
    const index = arrivals.push(arrival) - 1;
    return (await verdicts)[index] as Routed;
  }

  #begin(): { arrivals: Arrival[]; verdicts: Promise<Routed[]> } {
    const arrivals: Arrival[] = [];
    const verdicts = Promise.resolve().then(() => {
      this.#open = undefined;
      return this.#router.route(arrivals);
    });
    return { arrivals, verdicts };
  }
}
