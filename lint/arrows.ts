/** What the files of one folder of `src` may import from other folders. */
export interface Arrows {
  /** At run time: what is loaded with the folder. */
  readonly run?: readonly string[];
  /** Only types: nothing of them is left when the program runs. */
  readonly types?: readonly string[];
  /** Only by `import()`: loaded when it is needed. */
  readonly onDemand?: readonly string[];
}

/** The arrows between the folders of `src`, as docs/architecture.md draws them. `index`, `producer` and `testing` are what the package exports. */
export const ARROWS: Readonly<Record<string, Arrows>> = {
  domain: {},
  async: { run: ['domain'] },
  ledger: { run: ['domain', 'async'] },
  reward: { run: ['domain', 'async'] },
  brokers: { run: ['domain', 'async'] },
  // A config file imports `handover`, and gets the copy that loads it.
  config: { run: ['domain'], types: ['brokers', 'reward'], onDemand: ['index'] },
  workflows: { run: ['domain'], types: ['activities', 'recovery'] },
  activities: { run: ['domain', 'async', 'ledger', 'reward'] },
  intake: { run: ['domain', 'async', 'ledger', 'workflows'], types: ['brokers'] },
  recovery: { run: ['domain', 'async', 'ledger', 'activities', 'workflows'], types: ['intake'] },
  workers: {
    run: ['domain', 'async', 'config', 'ledger', 'reward', 'brokers', 'workflows', 'activities', 'intake', 'recovery'],
  },
  operations: {
    run: ['domain', 'async', 'ledger', 'brokers', 'workflows', 'activities', 'intake'],
    types: ['config'],
  },
  local: { run: ['domain', 'async', 'config', 'ledger', 'brokers', 'workflows'], types: ['operations'] },
  cli: {
    run: ['domain', 'async', 'config', 'operations', 'local'],
    types: ['ledger', 'brokers', 'workers', 'workflows'],
    onDemand: ['ledger', 'brokers', 'workers', 'workflows'],
  },
  index: { run: ['config', 'producer'], types: ['domain', 'brokers', 'reward'] },
  producer: { run: ['domain', 'brokers'] },
  testing: { run: ['local'] },
};

/** What the workflows' sandbox may load, beside files of `domain`. */
export const SANDBOX_PACKAGES = ['@temporalio/workflow', '@temporalio/common'];

/** Above these a folder needs rooms, and a file has more than one idea. */
export const MOST_FILES = 15;
export const MOST_LINES = 320;
