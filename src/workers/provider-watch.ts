import type { GrantResult } from '../domain/reward/outcome.js';
import {
  afterAttempt,
  countFruitless,
  describeFruitless,
  type Fruitless,
  faultOfWorker,
  NO_PROVIDER_FAULT,
} from '../domain/reward/provider-fault.js';

/** What this process's attempts at the reward say of the provider. */
export class ProviderWatch {
  readonly #now: () => number;
  #fault = NO_PROVIDER_FAULT;
  #fruitless: Fruitless | undefined;

  /** `now`: a clock in ms that never goes back. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  attempt(result: GrantResult, messageId: string): void {
    this.#fault = afterAttempt(this.#fault, messageId, result);
    this.#fruitless = countFruitless(this.#fruitless, result, this.#now());
  }

  /** Why no attempt of this process can succeed. */
  reasons(): readonly string[] {
    const fault = faultOfWorker(this.#fault);
    return fault === undefined ? [] : [`provider: ${fault}`];
  }

  /** That no attempt of late has succeeded, while that is not this process's fault: no reason not to be ready. */
  waits(): readonly string[] {
    const fruitless = describeFruitless(this.#fruitless, this.#now());
    return fruitless === undefined || this.reasons().length > 0 ? [] : [`provider: ${fruitless}`];
  }
}
