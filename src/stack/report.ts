import type { ServiceName } from './state.js';

/** What a line of progress is about; a later line about the same thing takes the earlier one's place. */
export type Subject = ServiceName | 'resources' | 'stack' | `fetch ${string}`;

/** Is told how work on a stack is getting on, in lines for people. */
export type Report = (subject: Subject, line: string) => void;
