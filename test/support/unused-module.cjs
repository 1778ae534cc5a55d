// Stands for two modules that @pulumi/pulumi loads only to serialise functions, which this project never does: they
// cost a third of a second and 450 modules in each test file.
module.exports = {};
