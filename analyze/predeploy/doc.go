// Package predeploy says before a deploy what will be live afterwards. It reads
// what a pipeline has at that moment (a Terraform plan, a Pulumi preview, two
// CloudFormation templates or a change set, two OpenAPI documents), without
// credentials and without network:
//
//  1. A reader per tool ([Readers]) turns its files into resources: what there
//     is before and after, and what refers to what.
//  2. The resources become a [Change]: per API its edits, deployments and
//     stages, the same for every tool.
//  3. [Judge] says per stage what will serve, and what to write so that it does.
//
// A deployment is a snapshot of the definition at the moment it is created
// (developer guide, "Set up REST API deployments in API Gateway"). So an edit is
// live where a stage moves to a deployment that this change creates, or where
// the stage of an HTTP API deploys by itself; else it waits in the editor.
package predeploy
