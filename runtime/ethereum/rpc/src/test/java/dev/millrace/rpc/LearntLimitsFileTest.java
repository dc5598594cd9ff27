package dev.millrace.rpc;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.jsonrpc.EndpointUrl;
import dev.millrace.jsonrpc.InFlightByteBudget;
import dev.millrace.jsonrpc.JsonRpcTransport;
import dev.millrace.jsonrpc.RpcCallException;
import dev.millrace.jsonrpc.TransportSettings;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class LearntLimitsFileTest {
  @TempDir Path directory;

  @Test
  @Tag("F98")
  @DisplayName("F98 the limits of two endpoints of one host are remembered apart")
  void recall_keepsEndpointsOfOneHostApart() {
    Endpoint first = endpoint("http://node.example:80");
    Endpoint second = endpoint("http://node.example:80#2");
    Endpoint third = endpoint("http://node.example:80#3");
    first.span.refused(100, true);
    second.span.refused(200, true);
    file().keep(List.of(first, second, third));

    List<Endpoint> next =
        List.of(endpoint(first.name), endpoint(second.name), endpoint(third.name));
    LearntLimitsFile file = file();
    next.forEach(file::recall);

    assertThat(next)
        .extracting(one -> one.span.blocks())
        .containsExactly(100L, 200L, AdaptiveRangeSize.FIRST);
  }

  private LearntLimitsFile file() {
    return new LearntLimitsFile(Optional.of(directory), 5, InstantSource.system());
  }

  private static Endpoint endpoint(String name) {
    JsonRpcTransport transport =
        JsonRpcTransport.over(
            _ -> {
              throw RpcCallException.of(RpcCallException.Kind.TORN, "no call goes out");
            },
            new TransportSettings(Duration.ofSeconds(1), 1 << 20));
    return new Endpoint(
        name,
        EndpointUrl.of("http://node.example:80/key"),
        transport,
        new InFlightByteBudget(1).share(),
        1 << 20,
        0);
  }
}
