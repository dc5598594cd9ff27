package dev.millrace.source;

import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import dev.millrace.rpc.ChainNode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.function.LongFunction;
import org.jspecify.annotations.Nullable;

/** The endpoints of one seed: one to three, with their faults and the end of these. */
final class WorldEndpoints {
  private final WorldChain chain;
  private final List<EndpointTraits> traits = new ArrayList<>();
  private final List<WorldViews> views = new ArrayList<>();
  private final List<WorldEndpoint> endpoints = new ArrayList<>();
  private final boolean showsLogs;

  /**
   * Draws the endpoints.
   *
   * @param randoms a source of randomness for each part of the draw
   * @param audited true if logs of history may be withheld, too
   * @param mended the time from which all of them are well
   */
  WorldEndpoints(
      WorldChain chain,
      LongFunction<Random> randoms,
      WorldLimits limits,
      VirtualRuntime runtime,
      SourceHistory history,
      boolean audited,
      long mended) {
    this.chain = chain;
    Random random = randoms.apply(5);
    boolean kind = random.nextInt(6) == 0 || limits.without("troubles");
    boolean isBloomless = random.nextInt(4) == 0 && !limits.without("bloomless");
    int count = 1 + random.nextInt(3);
    for (int i = 0; i < count; i++) {
      // At least one endpoint has to know the tag of the rule.
      boolean needsTag = i == 0 && chain.rule != WorldChain.Rule.DEPTH;
      EndpointTraits each =
          EndpointTraits.random(randoms.apply(10 + i), limits, isBloomless, needsTag);
      if (i == 0 || !limits.without("endpoint" + i)) {
        traits.add(kind ? EndpointTraits.HONEST : each);
      }
    }
    // One endpoint with wrong blooms beside others cannot be noticed; a chain where all are wrong
    // can.
    if (isBloomless && !kind && random.nextInt(3) == 0 && !limits.without("lying")) {
      traits.replaceAll(EndpointTraits::withLyingBlooms);
    }
    // A missing log without a sign in the headers cannot be noticed, nor one that is not there.
    boolean haveOtherBlooms = randoms.apply(60).nextBoolean();
    showsLogs =
        !isBloomless
            && traits.stream().allMatch(EndpointTraits::hasReceipts)
            && !(haveOtherBlooms && traits.stream().anyMatch(EndpointTraits::hasOtherBlooms));
    Set<WorldTrouble> left = showsLogs ? EndpointTraits.OTHER_BLOOMS : EndpointTraits.UNSEEN;
    traits.replaceAll(each -> each.without(left));
    WorldLimits windows = kind ? limits.leaveOut("still").leaveOut("moved") : limits;
    for (int i = 0; i < traits.size(); i++) {
      WorldViews view =
          new WorldViews(
              chain,
              () -> new WorldChain(chain.id + 1, randoms.apply(50), limits),
              traits.get(i),
              randoms.apply(40 + i),
              windows);
      if (i > 0 && randoms.apply(80 + i).nextInt(4) == 0) {
        view.stick(); // the first one is left to go on
      }
      views.add(view);
      WorldEndpoint endpoint =
          new WorldEndpoint(
              "node" + i,
              view,
              traits.get(i),
              runtime,
              history,
              randoms.apply(20 + i),
              audited,
              // What the only endpoint repeats has to be believed.
              traits.size() > 1 && randoms.apply(70 + i).nextBoolean() ? 1 + i : 0);
      endpoint.mendAt(mended);
      endpoints.add(endpoint);
    }
  }

  /** True if blooms and receipts show each log. */
  boolean showLogs() {
    return showsLogs;
  }

  /** Opens a node over all of them. */
  ChainNode node(@Nullable Path directory, VirtualRuntime runtime) {
    Map<String, WorldEndpoint> byName = new HashMap<>();
    List<String> addresses = new ArrayList<>();
    for (int i = 0; i < endpoints.size(); i++) {
      addresses.add("http://node" + i + ":1/");
      byName.put("node" + i, endpoints.get(i));
    }
    return WorldCache.node(chain.id, byName, addresses, directory, runtime);
  }

  /**
   * True if a stopped lane is started again: by its supervisor, or by an operator who reads that no
   * endpoint has a method or that each serves another chain, as they said several times in a row.
   */
  boolean mayStartAgain(MillraceException stopped) {
    boolean isOfEndpoints =
        stopped.remedy() == Remedy.FIX_SETUP
            && String.valueOf(stopped.getMessage())
                .contains("no endpoint of the chain can be used");
    boolean isNameless =
        stopped.remedy() == Remedy.FIX_SETUP
            && String.valueOf(stopped.getMessage()).contains("nodes name no ")
            && traits.stream().anyMatch(EndpointTraits::forgetsNames);
    boolean lack = true;
    for (int i = 0; i < traits.size(); i++) {
      lack &= traits.get(i).forgetsMethods() || views.get(i).moves();
    }
    return (isOfEndpoints && lack)
        || isNameless
        || stopped.remedy() == Remedy.RESTART
        || stopped.remedy() == Remedy.REWIND;
  }

  @Override
  public String toString() {
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < traits.size(); i++) {
      text.append("\nnode").append(i).append(' ').append(traits.get(i));
      text.append(' ').append(views.get(i));
    }
    return text.toString();
  }
}
