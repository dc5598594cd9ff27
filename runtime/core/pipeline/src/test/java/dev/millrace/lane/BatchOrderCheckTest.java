package dev.millrace.lane;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.loaders.Bytes32;
import dev.millrace.loaders.Entity;
import dev.millrace.loaders.EntityType;
import dev.millrace.loaders.Id;
import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Storage;
import dev.millrace.pipeline.Batch;
import dev.millrace.pipeline.ExecutedBatch;
import dev.millrace.pipeline.Source;
import dev.millrace.pipeline.SourceBlock;
import dev.millrace.staging.StagedStore;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

final class BatchOrderCheckTest {
  @Entity
  record Row(@Id long id) {}

  private final StagedStore store =
      new StagedStore(List.of(EntityType.of(Row.class)), _ -> Storage.POSTGRES);
  private final BatchOrderCheck order = new BatchOrderCheck(new Source.BlockRef(9, hash(0, 9)));

  BatchOrderCheckTest() {
    store.open(0, List.of());
  }

  private static Bytes32 hash(int branch, long number) {
    return Bytes32.of("0x%032x%032x".formatted(branch + 1, number));
  }

  private static SourceBlock block(int branch, long number) {
    return new SourceBlock(
        number, hash(branch, number), hash(branch, number - 1), Instant.ofEpochSecond(number));
  }

  /** A reversible batch if there are several blocks, else a final one up to the single block. */
  private ExecutedBatch batch(long number, SourceBlock... blocks) {
    List<SourceBlock> kept = blocks.length == 1 ? List.of() : List.of(blocks);
    SourceBlock last = blocks[blocks.length - 1];
    store.begin(blocks.length > 1);
    Batch batch = new Batch(List.of(), kept, last, -1, List.of());
    return new ExecutedBatch(number, batch, store.freeze(), List.of());
  }

  @Test
  @Tag("A29")
  @DisplayName(
      "A29 a batch whose number does not follow is refused, and so is an end behind a hole")
  void batch_behindAHoleIsRefused() {
    order.take(batch(1, block(0, 10)));

    assertThatThrownBy(() -> order.take(batch(3, block(0, 12))))
        .isInstanceOf(MillraceException.class)
        .hasMessage("batch does not follow the last one: batch=3 last=1");
    assertThatThrownBy(() -> order.end(2))
        .hasMessage("stream ended before all of its batches were durable: last=1 delivered=2");
    assertThatCode(() -> order.end(1)).doesNotThrowAnyException();
  }

  @Test
  @Tag("A29")
  @DisplayName("A29 a block that names another parent, or is not above the last one, is refused")
  void block_ofAnotherBranchIsRefused() {
    assertThatThrownBy(() -> order.take(batch(1, block(1, 10))))
        .hasMessageContainingAll("block does not follow the last one: batch=1 block=10", "last=9");
    assertThatThrownBy(() -> order.take(batch(1, block(0, 9)))).hasMessageContaining("block=9");
    assertThatThrownBy(() -> order.take(batch(1, block(0, 10), block(1, 11))))
        .hasMessageContaining("block=11");
    order.take(batch(1, block(0, 10), block(0, 11)));
    order.rewind(1, new Source.BlockRef(10, hash(0, 10)));
    SourceBlock sibling = new SourceBlock(11, hash(1, 11), hash(0, 10), Instant.EPOCH);
    assertThatCode(() -> order.take(batch(2, sibling))).doesNotThrowAnyException();
  }
}
