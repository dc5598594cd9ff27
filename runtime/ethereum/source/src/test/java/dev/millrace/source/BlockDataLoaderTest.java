package dev.millrace.source;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.evm.BlockHeader;
import dev.millrace.loaders.Bytes32;
import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import dev.millrace.pipeline.MemoryBudget;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Fields of blocks and transactions that handlers read after a reorg. */
@Timeout(60)
final class BlockDataLoaderTest {
  private final TestChain chain = new TestChain();
  private final TestNode node = new TestNode(chain);
  private final AtomicLong seconds = new AtomicLong();

  @Test
  @Tag("A47")
  @Tag("F101")
  @DisplayName("A47 a transaction of a block above the head of a chain that got shorter: a rewind")
  void transaction_ofAChainThatGotShorterLeadsToARewind() {
    chain.transfers(10);
    RecentBlockCache recent = new RecentBlockCache(new MemoryBudget(1 << 20).register());
    BlockHeader last = chain.at(9).orElseThrow().block().header();
    recent.addHeader(last);
    chain.cut(5);
    BlockDataLoader facts =
        new BlockDataLoader(node, recent, () -> Instant.EPOCH.plusSeconds(seconds.addAndGet(10)));

    assertThatThrownBy(() -> facts.transaction(Bytes32.ZERO, last.hash()))
        .isInstanceOfSatisfying(
            MillraceException.class,
            gone ->
                org.assertj.core.api.Assertions.assertThat(gone.remedy()).isEqualTo(Remedy.REWIND))
        .hasMessageContaining("is not on the chain any more");
    org.assertj.core.api.Assertions.assertThat(node.pauses)
        .isNotEmpty()
        .hasSameSizeAs(node.waits)
        .containsOnly(Duration.ofMillis(200));
  }
}
