/** Ten thousand malformed messages for each door over real sockets. */
import { testGatewayBodies, testRpcBodies, testScreenFrames } from '../support/malformed/malformed-doors.ts'

testRpcBodies(10_000)
testScreenFrames(10_000)
testGatewayBodies(10_000)
