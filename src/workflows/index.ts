export { cutover } from './cutover/cutover.js';
export { message } from './message/message.js';
