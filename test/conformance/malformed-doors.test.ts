/** Malformed messages over real sockets, a few hundred in every run; malformed-doors.slow.test.ts sends ten thousand. The gateway's: src/gateway/request/malformed.test.ts. */
import { testRpcBodies, testScreenFrames } from '../support/malformed/malformed-doors.ts'

testRpcBodies(200)
testScreenFrames(600)
