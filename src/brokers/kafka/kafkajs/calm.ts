import RequestQueue from 'kafkajs/src/network/requestQueue/index.js';

const schedule = RequestQueue.prototype.scheduleCheckPendingRequests;

/**
 * Keeps kafkajs 2.2.4 from running a timer every millisecond on every idle connection, which it computes as due in the
 * past (upstream issues 1556 and 1704, and a warning of newer Nodes): with nothing to send and no throttling by the
 * broker there is nothing to look after.
 */
export function calmKafkajs(): void {
  RequestQueue.prototype.scheduleCheckPendingRequests = function scheduleIfNeeded() {
    if (this.pending.length > 0 || this.throttledUntil > Date.now()) schedule.call(this);
  };
}
