import { z } from 'zod';

/** RFC 9110: field names are tokens; values hold no control character but the tab. */
const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const HEADER_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

export const headerName = z.string().regex(HEADER_NAME, { error: 'must be the name of a header' });

export const headerValue = z
  .string({ error: 'must be a text' })
  .regex(HEADER_VALUE, { error: 'must be one line of Latin-1 text' });
