package dev.millrace.source;

import dev.millrace.evm.Finality;
import dev.millrace.evm.SourceRequest;
import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import dev.millrace.rpc.BlockTag;
import dev.millrace.rpc.FinalityRule;
import java.time.Duration;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The finality rule of a source: the configured rule, adapted to the tags that the nodes know.
 * Outlives the feeds, so that a reorg does not begin the choice anew. Changed by the thread that
 * reads the feed, read by any.
 */
final class FinalityChoice {
  /**
   * Time for which endpoints may deny that a block is final, which counted as such before, until it
   * is read like those near the head. The chain may have become shorter, and grow no more.
   */
  static final Duration PATIENCE = Duration.ofMinutes(1);

  private static final String FINALIZED = "finalized";
  private static final Logger LOG = LoggerFactory.getLogger(FinalityChoice.class);

  private final long chain;
  private final String tag;
  private volatile OptionalLong depth;
  private volatile boolean isDefault;
  private volatile boolean isTagged;

  /** No endpoint names the block of the tag, so the depth alone decides until one does. */
  private volatile boolean isByDepth;

  FinalityChoice(SourceRequest request) {
    Finality finality = request.finality();
    boolean isSilent = finality.tag().isEmpty() && finality.depth().isEmpty();
    this.chain = request.chain();
    this.tag = isSilent ? FINALIZED : finality.tag().orElse("");
    this.depth = finality.depth();
  }

  /** Tag of the final block; empty if the configuration has a depth only. */
  String tag() {
    return tag;
  }

  /** The number of blocks below the head that are not final; empty: only the tag decides. */
  OptionalLong depth() {
    return depth;
  }

  /** True once an endpoint has named the block of the tag. */
  boolean isTagged() {
    return isTagged;
  }

  /** Records that an endpoint names the block of the tag. */
  void named() {
    isTagged = true;
  }

  /** True until an endpoint has named the block of the tag, or the depth was taken instead. */
  boolean isOpen() {
    return !isTagged && !isByDepth;
  }

  /** Switches to the depth alone: that of the configuration, or the default of the chain. */
  void takeDepth() {
    if (depth.isEmpty()) {
      depth = defaultDepth();
      isDefault = true;
    }
    isByDepth = true;
    LOG.warn("chain {}: {}", chain, rule());
  }

  private OptionalLong defaultDepth() {
    OptionalLong known =
        tag.equals(FINALIZED) ? DefaultFinality.depth(chain) : OptionalLong.empty();
    if (known.isEmpty()) {
      throw new MillraceException(
          Remedy.FIX_SETUP,
          ("nodes name no %s block, so it is not known from when on a block cannot be replaced:"
                  + " chain=%d. Say it in the config, as so many blocks below the head:"
                  + " finality: { depth: 100 }")
              .formatted(tag, chain));
    }
    return known;
  }

  /** Returns the rule that endpoints can check, from the first look at the head on. */
  FinalityRule checked() {
    boolean byTag = isTagged || (!tag.isEmpty() && !isByDepth);
    return new FinalityRule(
        byTag ? Optional.of(BlockTag.valueOf(tag.toUpperCase(Locale.ROOT))) : Optional.empty(),
        depth);
  }

  /** Description of the rule, for logs and status. */
  String rule() {
    if (isDefault) {
      return ("nodes name no finalized block, so those %d blocks below the head are taken for"
              + " final; say finality: { depth: … } to choose another depth")
          .formatted(depth.orElse(0));
    }
    String below = depth.isPresent() ? depth.getAsLong() + " blocks below the head" : "";
    if (isByDepth && !isTagged) {
      return "%s; nodes name no %s block".formatted(below, tag);
    }
    return tag.isEmpty() || below.isEmpty() ? tag + below : tag + ", and " + below;
  }

  /** True if the rule differs from the configured one because of what the nodes know. */
  boolean isChanged() {
    return isDefault || (isByDepth && !isTagged);
  }
}
