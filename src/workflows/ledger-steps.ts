import { proxyLocalActivities } from '@temporalio/workflow';
import type { OwnershipActivities } from '../activities/ownership-activities.js';
import type { ResolutionActivities } from '../activities/resolution-activities.js';

/**
 * The ledger's steps as local activities: any worker that has the workflow can take them, whichever side it is of, and
 * they cost no round trip through the server. They are tried for ever: without the ledger a message waits.
 */
export const ledgerSteps = proxyLocalActivities<OwnershipActivities & ResolutionActivities>({
  startToCloseTimeout: '10 s',
  localRetryThreshold: '10 s',
  retry: { initialInterval: '200 ms', backoffCoefficient: 2, maximumInterval: '30 s' },
});
