export { cutover } from './cutover.js';
export { message } from './message.js';
