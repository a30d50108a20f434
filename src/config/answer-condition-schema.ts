import { z } from 'zod';
import { type AnswerCondition, isJsonPointer, type JsonScalar } from '../domain/reward/answer-condition.js';
import { headerName, headerValue } from './schema-parts.js';

const status = z
  .int({ error: 'must be a status from 200 to 599' })
  .min(200, { error: 'must be a status from 200 to 599' })
  .max(599, { error: 'must be a status from 200 to 599' });

const scalar = z.union([z.string(), z.number(), z.boolean(), z.null()], {
  error: 'must be a text, a number, true, false, null, or a list of them',
});

/** One or several. */
function oneOrMore<T extends z.ZodType>(one: T) {
  return z.union([one.transform((value) => [value]), z.array(one).min(1)]);
}

/** A condition on an HTTP answer, which must name more than a status: that is no proof of who answers. */
export const answerConditionSchema = z
  .strictObject(
    {
      status: oneOrMore(status),
      json: z
        .record(z.string().refine(isJsonPointer), oneOrMore(scalar), {
          error: (issue) =>
            issue.code === 'invalid_key'
              ? "is not a JSON Pointer, such as '/state'"
              : "must be an object such as { '/state': 'DONE' }",
        })
        .default({}),
      headers: z
        .record(headerName, oneOrMore(headerValue), {
          error: (issue) => (issue.code === 'invalid_key' ? 'is not a header' : 'must be an object'),
        })
        .default({}),
      text: z.string({ error: 'must be a text' }).min(1, { error: 'must not be empty' }).optional(),
    },
    {
      error: (issue) =>
        issue.code === 'invalid_type'
          ? "must be an object such as { status: 200, json: { '/state': 'DONE' } }"
          : undefined,
    },
  )
  .refine(({ json, headers, text }) => Object.keys({ ...json, ...headers }).length > 0 || text !== undefined, {
    error: 'must name a mark beside the status, in json, headers or text: a gateway answers any status',
  })
  .transform(({ status, json, headers, text }): AnswerCondition => {
    const jsonMarks = Object.entries(json).map(([pointer, anyOf]) => ({ pointer, anyOf: anyOf as JsonScalar[] }));
    const headerMarks = Object.entries(headers).map(([name, anyOf]) => ({ name: name.toLowerCase(), anyOf }));
    return {
      status,
      ...(jsonMarks.length > 0 && { json: jsonMarks }),
      ...(headerMarks.length > 0 && { headers: headerMarks }),
      ...(text !== undefined && { text }),
    };
  });
