package dev.millrace.rpc;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.jsonrpc.EndpointUrl;
import dev.millrace.jsonrpc.InFlightByteBudget;
import dev.millrace.jsonrpc.JsonRpcTransport;
import dev.millrace.jsonrpc.RpcCallException;
import dev.millrace.jsonrpc.TransportSettings;
import dev.millrace.rpc.EndpointBackoff.Attempted;
import dev.millrace.rpc.NodeErrorTable.Action;
import dev.millrace.rpc.NodeErrorTable.Classification;
import java.time.Duration;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Limits learnt from failed calls of an endpoint. */
final class EndpointBackoffTest {
  private static final CallRequirements LOGS =
      new CallRequirements(CallRequirements.Kind.LOGS, 0, 1_000, true, Set.of(), 2);

  private final JsonRpcTransport transport =
      JsonRpcTransport.over(
          _ -> {
            throw RpcCallException.of(RpcCallException.Kind.TORN, "no call goes out");
          },
          new TransportSettings(Duration.ofSeconds(1), 1 << 20));
  private final Endpoint endpoint =
      new Endpoint(
          "node",
          EndpointUrl.of("http://127.0.0.1:1"),
          transport,
          new InFlightByteBudget(1).share(),
          1 << 20,
          0);
  private final EndpointBackoff backoff = new EndpointBackoff(new SystemCallRuntime());

  @AfterEach
  void close() {
    transport.close();
  }

  private void fails(long begun, long ended) {
    RpcCallException torn = RpcCallException.of(RpcCallException.Kind.TORN, "connection ended");
    backoff.failed(
        endpoint, LOGS, torn, Classification.of(Action.RETRY), new Attempted(begun, ended));
  }

  @Test
  void range_isHalvedOncePerBurst() {
    for (int call = 1; call <= 8; call++) {
      fails(call, 100 + call); // all of them were under way when the first failed
    }
    assertThat(endpoint.span.blocks()).isEqualTo(AdaptiveRangeSize.FIRST / 2);
    assertThat(endpoint.failures).isEqualTo(1);

    fails(200, 201); // begun since, with the smaller range
    fails(199, 202);
    assertThat(endpoint.span.blocks()).isEqualTo(AdaptiveRangeSize.FIRST / 4);
    assertThat(endpoint.failures).isEqualTo(2);
  }
}
