package dev.millrace.pipeline;

/**
 * The durable side of lanes: a database schema that holds the rows and the frontiers of one
 * indexer.
 */
public interface CommitStore extends AutoCloseable {
  /**
   * Takes over a lane in a new epoch. Ends the previous holder if its lease has expired or its
   * session is gone. Every later write of an earlier epoch is refused.
   *
   * @throws dev.millrace.loaders.MillraceException with remedy {@code YIELD}, naming the holder, if
   *     another process holds the lane
   */
  LaneStore takeOver(String lane);

  @Override
  void close();
}
