package cli

import (
	"context"
	"errors"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"

	"stageprobe/probe/inventory"
)

type source aws.CredentialSource

func (s source) Retrieve(ctx context.Context) (aws.Credentials, error) {
	<-ctx.Done()
	return aws.Credentials{}, ctx.Err()
}

func (s source) ProviderSources() []aws.CredentialSource {
	return []aws.CredentialSource{aws.CredentialSource(s)}
}

// Whoever names a source of credentials is told that it does not answer; the metadata
// service, which nobody named, is none.
func TestSilentSourceOfCredentials(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for from, want := range map[aws.CredentialSource]inventory.Reason{
		aws.CredentialSourceProcess: inventory.Silent, aws.CredentialSourceHTTP: inventory.Silent, aws.CredentialSourceSTSAssumeRole: inventory.Silent,
		aws.CredentialSourceIMDS: inventory.NoCredentials,
	} {
		provider := aws.NewCredentialsCache(source(from))
		_, err := provider.Retrieve(ctx)
		if why := credentialsError(ctx, provider, errors.Join(context.DeadlineExceeded, err)); why.Reason != want {
			t.Errorf("source %d: %v, want %s", from, why, want)
		}
	}
}
