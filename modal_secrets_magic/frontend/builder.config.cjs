// Modules are numbered in their order: the builder's own numbers depend on the folder it runs in,
// and the same source is to give the same files everywhere.
module.exports = { optimization: { moduleIds: "natural", chunkIds: "natural" } };
