declare module 'google-protobuf/google/protobuf/timestamp_pb.js' {
  export class Timestamp {
    fromDate(date: Date): void;
    toDate(): Date;
  }
}
