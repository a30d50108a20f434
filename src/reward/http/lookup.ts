import { type AnswerCondition, type HttpAnswer, whyUnmet } from '../../domain/reward/answer-condition.js';
import type { LookupReport } from '../../domain/reward/outcome.js';
import type { Exchange } from './exchange.js';
import type { HttpLookupOptions } from './options.js';

/** Whether any answer of the lookup can mean something; a config of before there were marks has none. */
export function isMarked({ grantedWhen, absentWhen }: HttpLookupOptions): boolean {
  return grantedWhen !== undefined || absentWhen !== undefined;
}

/**
 * Asks the provider what became of a message. `granted` and `absent` come from its own marks alone: whatever lies between
 * here and there (a gateway during a deploy, a sign-in page, a path that does not exist) answers any status.
 */
export async function lookUp(
  lookup: HttpLookupOptions,
  messageId: string,
  ask: (url: URL) => Promise<Exchange>,
): Promise<LookupReport> {
  // As a segment of a path these two would name another resource than this message's.
  if (messageId === '.' || messageId === '..') {
    return { result: 'unknown', detail: 'This message ID cannot be asked for by a URL.', inVain: true };
  }
  // Not replaceAll with a text, which reads `$` in the ID.
  const url = new URL(lookup.url.split('{messageId}').join(encodeURIComponent(messageId)));
  const answer = await ask(url);
  switch (answer.kind) {
    case 'not-sent':
      return { result: 'unknown', detail: `${url.origin} was not asked: ${answer.reason}.` };
    case 'broken': {
      const { status, reason } = answer;
      const began = status === undefined ? 'was asked' : `began to answer ${status}`;
      const detail = `${url.origin} ${began}, but ${reason}.`;
      return { result: 'unknown', detail, ...(status !== undefined && { status }) };
    }
    case 'answered':
      return judge(lookup, messageId, url.origin, answer);
  }
}

function judge(lookup: HttpLookupOptions, messageId: string, origin: string, answer: HttpAnswer): LookupReport {
  const { status } = answer;
  const said = `${origin} answered ${status}${typeOf(answer)}`;
  if (!isMarked(lookup)) {
    const detail = `${said}, and the config does not say by which mark the provider is known: see provider.lookup.`;
    return { result: 'unknown', status, detail, inVain: true };
  }
  const [granted, absent] = [lookup.grantedWhen, lookup.absentWhen].map((condition) =>
    meets(condition, answer, messageId),
  );
  if (granted?.met === true && absent?.met === true) {
    return { result: 'unknown', status, detail: `${said}, which meets both grantedWhen and absentWhen.` };
  }
  if (granted?.met === true) return { result: 'granted', status, detail: `${said}, with the mark of grantedWhen.` };
  if (absent?.met === true) return { result: 'absent', status, detail: `${said}, with the mark of absentWhen.` };
  const unmet = [
    ...(granted === undefined ? [] : [`not grantedWhen, as ${granted.why}`]),
    ...(absent === undefined ? [] : [`not absentWhen, as ${absent.why}`]),
  ];
  return { result: 'unknown', status, detail: `${said}, without a mark: ${unmet.join('; ')}.` };
}

type Met = { readonly met: true } | { readonly met: false; readonly why: string };

function meets(condition: AnswerCondition | undefined, answer: HttpAnswer, messageId: string): Met | undefined {
  if (condition === undefined) return undefined;
  const why = whyUnmet(condition, answer, messageId);
  return why === undefined ? { met: true } : { met: false, why };
}

/** What kind of body it has, as a page of HTML in the place of an API says most. Only what looks like a type is shown. */
function typeOf({ headers }: HttpAnswer): string {
  const type = headers['content-type'];
  const name = typeof type === 'string' ? /^[\w.+-]{1,40}\/[\w.+-]{1,40}/.exec(type)?.[0] : undefined;
  return name === undefined ? '' : ` (${name})`;
}
