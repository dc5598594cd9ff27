package dev.millrace.rpc;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Endpoints that answer each call with a status, at a start. */
@Timeout(60)
final class RefusedAddressTest {
  /** An attempt asks twice for the chain, so the fifth request follows two failed attempts. */
  private static final int REQUESTS = 5;

  private static final Duration PATIENCE = Duration.ofSeconds(3);

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "401 | ''                                          | invalid api key | status 401: invalid api key",
        "403 | ''                                          | ''              | status 403",
        "404 | ''                                          | no such path    | status 404: no such path",
        "308 | 'Location: https://example.invalid/other~'  | ''              | status 308: moved to https://example.invalid",
      })
  @Tag("F96")
  @DisplayName("F96 a refused url or key is for the operator to mend, and named with its status")
  void start_namesTheStatus(int status, String header, String page, String reason)
      throws Exception {
    MillraceException refused =
        unanswered(FakeNode.Answer.status(status, header.replace("~", "\r\n"), page));

    assertThat(refused.remedy()).isEqualTo(Remedy.FIX_SETUP);
    assertThat(refused)
        .hasMessageStartingWith("every endpoint of the chain refuses its url or key: chain=5")
        .hasMessageEndingWith(" " + reason);
  }

  @Test
  @Tag("F96")
  @DisplayName("F96 an outage is waited for, also one that a status names")
  void start_waitsForAnOutage() throws Exception {
    MillraceException refused = unanswered(FakeNode.Answer.status(503, "", "maintenance"));

    assertThat(refused.remedy()).isEqualTo(Remedy.RESTART);
    assertThat(refused)
        .hasMessageStartingWith("no endpoint of the chain answers: chain=5 seconds=3")
        .hasMessageEndingWith(" status 503: maintenance");
  }

  private static MillraceException unanswered(FakeNode.Answer answer) throws Exception {
    CountDownLatch asked = new CountDownLatch(REQUESTS);
    try (FakeNode fake =
            new FakeNode(_ -> {
              asked.countDown();
              return answer;
            });
        ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
        ChainNode node = ChainNodeTest.open(5, fake)) {
      Future<Optional<NodeBlockHeader>> block = threads.submit(() -> node.block(7));
      asked.await();
      MillraceException unanswered =
          EndpointCheck.unanswered((FailoverChainNode) node, 5, PATIENCE);
      block.cancel(true);
      return unanswered;
    }
  }
}
