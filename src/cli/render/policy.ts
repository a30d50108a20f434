import type { GroupPosition } from '../../brokers/kafka/admin.js';
import type { PolicyView } from '../../operations/policy/policy-view.js';

/** Whitelisted IDs that are listed for people; `--json` has them all. */
const LISTED = 10;

export function describePolicy(view: PolicyView): readonly string[] {
  const { version, consumption, percentage, allow, failover, start, updatedAt, actor, reason } = view;
  const rest = allow.length > LISTED ? ` and ${allow.length - LISTED} more` : '';
  const off = consumption === 'off' ? '   (kafka owns everything; percentage and whitelist have no effect)' : '';
  return [
    `version      ${version}, by ${actor} on ${updatedAt}${reason === '' ? '' : `: ${reason}`}`,
    `consumption  ${consumption}${off}`,
    `percentage   ${percentage} %`,
    `whitelist    ${allow.length === 0 ? 'empty' : allow.slice(0, LISTED).join(', ') + rest}`,
    `failover     ${failover}`,
    ...(start === undefined ? [] : [`start        ${start.at}: kafka owns what was published before`]),
  ];
}

/** What the positions mean for the person who has to have set them right. */
export function describePositions(positions: readonly GroupPosition[]): readonly string[] {
  const ahead = positions.reduce((sum, entry) => sum + entry.ahead, 0);
  const where = positions.map(({ partition, position }) => `${partition} from ${position}`).join(', ');
  return [
    `On Kafka handover goes on where its group is: partition ${where === '' ? 'none' : where}.`,
    `About ${ahead} messages from there on are handover's to reward. The consumer before must not have taken any of them.`,
  ];
}
