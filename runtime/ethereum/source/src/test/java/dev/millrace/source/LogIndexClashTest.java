package dev.millrace.source;

import static dev.millrace.source.TestChain.address;
import static dev.millrace.source.TestChain.created;
import static dev.millrace.source.TestChain.swap;
import static dev.millrace.source.TestChain.transfer;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.millrace.evm.Finality;
import dev.millrace.evm.Log;
import dev.millrace.evm.LogFilter;
import dev.millrace.evm.SourceOptions;
import dev.millrace.evm.StopAt;
import dev.millrace.loaders.Address;
import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import dev.millrace.pipeline.Batch;
import dev.millrace.pipeline.Source;
import dev.millrace.rpc.LogQuery;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Two different logs that claim one index of a block: an answer is wrong, and none is delivered.
 */
@Timeout(60)
final class LogIndexClashTest {
  private static final Address POOL = address(100);

  @TempDir private Path directory;

  private final TestChain chain = new TestChain();
  private final TestNode node = new TestNode(chain);

  /** A log at the place of another one. */
  private static Log inPlaceOf(Log real, Log content) {
    byte[] words = new byte[32 * content.topics() + content.data().length()];
    for (int i = 0; i < content.topics(); i++) {
      content.topic(i).write(words, 32 * i);
    }
    byte[] data = content.data().bytes();
    System.arraycopy(data, 0, words, 32 * content.topics(), data.length);
    return new Log(
        real.block(),
        real.logIndex(),
        content.transaction(),
        content.contract(),
        content.topics(),
        words,
        words.length);
  }

  private Log log(long block, int index) {
    return chain.at(block).orElseThrow().logs().get(index);
  }

  @ParameterizedTest
  @ValueSource(longs = {0, 1_000})
  @Tag("F110")
  @DisplayName("F110 two logs of one index in an answer, in history and live: asked for again")
  void clashInAnAnswer_isAskedForAgain(long depth) throws InterruptedException {
    chain.transfers(50).mine(transfer(7, 8, 9), transfer(9, 8, 7));
    List<Log> wrong = List.of(inPlaceOf(log(50, 0), log(50, 1)), inPlaceOf(log(20, 0), log(50, 1)));
    AtomicInteger answers = new AtomicInteger();
    node.phantoms = _ -> answers.getAndIncrement() < 60 ? wrong : List.of();
    ChainFixture reader = new ChainFixture(node).finality(ChainFeedTest.depth(depth));

    assertThat(ChainFixture.events(reader.toTheEnd(10))).isEqualTo(reader.expected(0, 50));
  }

  @Test
  @Tag("F110")
  @DisplayName("F110 the logs of a created contract have indexes of others: no lane goes on")
  void clashOfACreatedContract_isNotKeptInTheCache() throws Exception {
    chain.transfers(5).mine(created(POOL), transfer(1, 2, 3), swap(POOL, 1)).transfers(5);
    node.phantoms = ofThePool(inPlaceOf(log(5, 1), log(5, 2)));
    ChainFixture reader =
        new ChainFixture(node)
            .finality(Finality.AT_ONCE)
            .reading(
                SourceOptions.DEFAULTS.withPoll(Duration.ofMillis(1)).withDirectory(directory));

    MillraceException refused =
        catchThrowableOfType(MillraceException.class, () -> reader.toTheEnd(10));
    assertThat(refused).hasMessage("answers have two logs of one index: block=5 logIndex=1");
    assertThat(refused.remedy()).isEqualTo(Remedy.RESTART);

    node.phantoms = _ -> List.of();
    assertThat(ChainFixture.events(reader.toTheEnd(10))).isEqualTo(reader.expected(0, 10));
  }

  @Test
  @Tag("F110")
  @DisplayName("F110 the same live: the block is asked for again by a new feed")
  void clashOfACreatedContract_endsTheFeedLive() throws Exception {
    chain.transfers(5).mine(created(POOL), transfer(1, 2, 3), swap(POOL, 1)).transfers(5);
    node.phantoms = ofThePool(inPlaceOf(log(5, 1), log(5, 2)));
    ChainFixture reader =
        new ChainFixture(node).finality(ChainFeedTest.depth(1_000)).until(new StopAt.AtBlock(10));

    try (Source.Feed feed = reader.open(Source.ResumePoint.START)) {
      Source.Step step = feed.next(10);
      while (step instanceof Batch batch) {
        assertThat(batch.last().number()).isLessThan(5);
        step = feed.next(10);
      }
      assertThat(step).isEqualTo(new Source.Rewind(place(4)));
    }
  }

  private Source.BlockRef place(long block) {
    return new Source.BlockRef(block, chain.at(block).orElseThrow().block().header().hash());
  }

  private static Function<LogQuery, List<Log>> ofThePool(Log wrong) {
    return query -> {
      LogFilter filter = query.filter();
      return filter.addresses().contains(POOL) ? List.of(wrong) : List.of();
    };
  }
}
