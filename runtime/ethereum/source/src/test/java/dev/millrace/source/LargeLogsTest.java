package dev.millrace.source;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.evm.Evm;
import dev.millrace.evm.EvmIndexer;
import dev.millrace.evm.Finality;
import dev.millrace.evm.SourceRequest;
import dev.millrace.evm.StopAt;
import dev.millrace.loaders.Bytes;
import dev.millrace.loaders.Bytes32;
import dev.millrace.pipeline.Batch;
import dev.millrace.pipeline.Source;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.stream.LongStream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Few logs with much data. */
@Timeout(60)
final class LargeLogsTest {
  private static final int BLOCKS = 64;
  private static final int WORDS = 8_000;

  @dev.millrace.evm.Event("Noted(bytes text)")
  record Noted(Bytes text) {}

  private final TestChain chain = new TestChain();
  private final TestNode node = new TestNode(chain);

  @Test
  @Tag("A52")
  @DisplayName("A52 a batch of few large events ends by their bytes, in history and near the head")
  void batch_endsByItsBytes() throws InterruptedException {
    List<Bytes32> words = new ArrayList<>(Collections.nCopies(WORDS, TestChain.word(7)));
    words.addFirst(TestChain.word(32L * WORDS));
    words.addFirst(TestChain.word(32));
    TestChain.Line noted =
        new TestChain.Line(TestChain.TOKEN, TestChain.keccak("Noted(bytes)"), words);
    for (int i = 0; i < BLOCKS; i++) {
      chain.mine(noted);
    }
    Finality nearTheHead = ChainFeedTest.depth(BLOCKS);
    for (Finality finality : List.of(Finality.AT_ONCE, nearTheHead)) {
      List<Batch> batches = read(finality);

      assertThat(
              batches.stream()
                  .flatMap(batch -> batch.events().stream())
                  .map(event -> event.block().number()))
          .containsExactlyElementsOf(LongStream.range(0, BLOCKS).boxed().toList());
      assertThat(batches.stream().map(Batch::bytes))
          .hasSizeGreaterThan(2)
          .allSatisfy(
              bytes -> assertThat(bytes).isBetween(32L * WORDS, 2 * DecodedBlocks.MAX_BATCH_BYTES));
    }
  }

  private List<Batch> read(Finality finality) throws InterruptedException {
    EvmIndexer indexer =
        Evm.indexer("notes")
            .entities(ChainFixture.Nothing.class)
            .contract("Token", token -> token.on(Noted.class, (_, _) -> {}))
            .build();
    SourceRequest request =
        new SourceRequest(
            indexer,
            1,
            List.of(),
            0,
            new StopAt.AtBlock(BLOCKS - 1),
            finality,
            Map.of("Token", List.of(TestChain.TOKEN)));
    ChainSource source =
        new ChainSource(
            request,
            node,
            () -> ChainFixture.BEGINNING,
            Executors::newVirtualThreadPerTaskExecutor,
            LogQueryPlan.MAX_ADDRESSES);
    try (Source.Feed feed = source.open(Source.ResumePoint.START)) {
      return ChainFixture.drain(feed, 10_000);
    }
  }
}
