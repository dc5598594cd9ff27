/**
 * The values that handlers read and write: entities with their columns and types, ids, queries, and
 * errors with remedies.
 *
 * <p>This module knows no other: adapters, the staged store and handlers share its words.
 */
@NullMarked
package dev.millrace.loaders;

import org.jspecify.annotations.NullMarked;
