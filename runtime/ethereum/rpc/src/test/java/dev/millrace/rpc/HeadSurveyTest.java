package dev.millrace.rpc;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Heads of endpoints that are not at the same height. */
@Timeout(60)
final class HeadSurveyTest {
  private static final Duration LONG = Duration.ofMinutes(5);
  private static final RpcSettings SETTINGS = RpcSettings.defaults().withPoll(Duration.ofMillis(1));

  @Test
  @Tag("F102")
  @DisplayName("F102 the highest head counts, whichever endpoint answers first")
  void ask_returnsTheHighestHeadOnceAllHaveAnswered() throws Exception {
    try (FakeNode syncing = new FakeNode(new FakeChain(5, 0)::answer);
        FakeNode good = new FakeNode(new FakeChain(5, 99)::answer)) {
      for (List<String> urls :
          List.of(List.of(syncing.url(), good.url()), List.of(good.url(), syncing.url()))) {
        HeadSurvey survey = new HeadSurvey(urls, 5, SETTINGS);

        assertThat(survey.ask(100, LONG)).hasValue(99);
        assertThat(survey.ask(99, LONG)).hasValue(99);
      }
    }
  }

  @Test
  @Tag("F102")
  @DisplayName("F102 the only endpoint is syncing: waited for until it has the block")
  void await_endsOnceTheBlockIsThere() throws Exception {
    AtomicLong head = new AtomicLong();
    try (FakeNode syncing =
        new FakeNode(body ->
            new FakeChain(5, body.contains("latest") ? head.addAndGet(10) : head.get())
                .answer(body))) {
      assertThat(new HeadSurvey(List.of(syncing.url()), 5, SETTINGS).await(50, LONG)).hasValue(50);
      assertThat(head).hasValue(50);
    }
  }

  @Test
  @Tag("F102")
  @DisplayName("F102 an endpoint of another chain, and a silent one, keep back no head")
  void ask_leavesOutEndpointsThatDoNotServeTheChain() throws IOException, InterruptedException {
    try (FakeNode other = new FakeNode(new FakeChain(6, 1_000)::answer);
        FakeNode silent = new FakeNode(body -> new FakeChain(5, 7).answer(body).after(3_600_000));
        FakeNode good = new FakeNode(new FakeChain(5, 99)::answer)) {
      List<String> urls = List.of(other.url(), silent.url(), good.url());

      assertThat(new HeadSurvey(urls, 5, SETTINGS).ask(99, LONG)).hasValue(99);
      assertThat(new HeadSurvey(urls.subList(0, 1), 5, SETTINGS).ask(99, Duration.ofMillis(1)))
          .isEqualTo(OptionalLong.empty());
    }
  }
}
