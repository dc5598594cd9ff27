package dev.millrace.rpc;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.jsonrpc.Target;
import dev.millrace.jsonrpc.Transport;
import dev.millrace.jsonrpc.Trouble;
import dev.millrace.jsonrpc.WireSettings;
import dev.millrace.rpc.EndpointBackoff.Attempted;
import dev.millrace.rpc.ErrorTable.Action;
import dev.millrace.rpc.ErrorTable.Verdict;
import java.time.Duration;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Limits learnt from failed calls of an endpoint. */
final class EndpointBackoffTest {
  private static final Need LOGS = new Need(Need.Kind.LOGS, 0, 1_000, true, Set.of(), 2);

  private final Transport transport =
      Transport.over(
          _ -> {
            throw Trouble.of(Trouble.Kind.TORN, "no call goes out");
          },
          new WireSettings(Duration.ofSeconds(1), 1 << 20));
  private final Endpoint endpoint =
      new Endpoint("node", Target.of("http://127.0.0.1:1"), transport, 1 << 20, 0);
  private final EndpointBackoff backoff = new EndpointBackoff(new MachineRuntime());

  @AfterEach
  void close() {
    transport.close();
  }

  private void fails(long begun, long ended) {
    Trouble torn = Trouble.of(Trouble.Kind.TORN, "connection ended");
    backoff.failed(endpoint, LOGS, torn, Verdict.of(Action.AGAIN), new Attempted(begun, ended));
  }

  @Test
  void range_isHalvedOncePerBurst() {
    for (int call = 1; call <= 8; call++) {
      fails(call, 100 + call); // all of them were under way when the first failed
    }
    assertThat(endpoint.span.blocks()).isEqualTo(Span.FIRST / 2);
    assertThat(endpoint.failures).isEqualTo(1);

    fails(200, 201); // begun since, with the smaller range
    fails(199, 202);
    assertThat(endpoint.span.blocks()).isEqualTo(Span.FIRST / 4);
    assertThat(endpoint.failures).isEqualTo(2);
  }
}
