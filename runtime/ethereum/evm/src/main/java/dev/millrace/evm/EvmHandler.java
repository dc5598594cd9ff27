package dev.millrace.evm;

/** Handles an event: a function of the event and of the results that its Context returns. */
@FunctionalInterface
public interface EvmHandler<E> {
  void handle(E event, EvmContext context) throws Exception;
}
